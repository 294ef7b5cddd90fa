/**
 * Which rules images are made by.
 *
 * @module
 */

/** Changes when the same input would give another image. */
export const IMAGE_RULES = 1;

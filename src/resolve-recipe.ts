/**
 * From a recipe to what is in the image of each platform: what its lock pins, else what its catalogs lead to.
 *
 * @module
 */

import { type CatalogOptions, type Catalogs, openCatalogs } from "./catalogs.js";
import { isLadingError } from "./errors.js";
import { type LockedOptions, resolveLocked } from "./lock-file.js";
import type { Platform } from "./oci/platform.js";
import { ECOSYSTEM_RULES } from "./package/ecosystem.js";
import type { Recipe } from "./recipe/recipe.js";
import type { Lock } from "./resolve/lock.js";
import type { Resolution } from "./resolve/resolution.js";
import { resolve } from "./resolve/resolve.js";
import type { Store } from "./store/store.js";

/** What resolving a recipe needs. */
export interface ResolveRecipeOptions extends CatalogOptions, LockedOptions {
  /** What is pinned; no catalog is read then where all of it is in the local store (nothing). */
  readonly lock?: Lock | undefined;
  /** Told in words what is being done, for progress. */
  readonly onStep?: ((step: string) => void) | undefined;
}

/** What is in the images, and a store that has it. */
export interface ResolvedRecipe {
  readonly resolutions: readonly Resolution[];
  readonly store: Store;
}

async function open(recipe: Recipe, { local, registry, signal, onStep }: ResolveRecipeOptions): Promise<Catalogs> {
  const { catalogs = [] } = recipe;
  if (catalogs.length > 0) onStep?.(`reading ${catalogs.join(", ")}`);
  return await openCatalogs(catalogs, { local, registry, signal });
}

async function hasLayers(store: Store, resolutions: readonly Resolution[], options: LockedOptions): Promise<boolean> {
  const layers = resolutions.flatMap(({ packages }) => packages.map((each) => each.package.layer.descriptor));
  const { signal } = options;
  return !(await Promise.all(layers.map((layer) => store.has(layer, { signal })))).includes(false);
}

/** What the lock pins, from the local store alone; undefined where that lacks some of it and there are catalogs to ask. */
async function resolveHere(recipe: Recipe, lock: Lock, options: ResolveRecipeOptions) {
  const { store } = options.local;
  const mayAsk = (recipe.catalogs ?? []).length > 0;
  try {
    const resolutions = await resolveLocked(recipe, lock, store, options);
    return mayAsk && !(await hasLayers(store, resolutions, options)) ? undefined : { resolutions, store };
  } catch (error) {
    if (mayAsk && isLadingError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** Throws as `build()` says of resolving. */
export async function resolveRecipe(recipe: Recipe, options: ResolveRecipeOptions): Promise<ResolvedRecipe> {
  const { lock, platforms: instead, policy, job } = options;
  const here = lock && (await resolveHere(recipe, lock, options));
  if (here !== undefined) return here;
  const { packages, store } = await open(recipe, options);
  if (lock !== undefined) return { resolutions: await resolveLocked(recipe, lock, store, options), store };
  const asked = instead ?? recipe.platforms;
  const platforms: readonly (Platform | undefined)[] = asked.length === 0 ? [undefined] : asked;
  const resolutions = platforms.map((platform) => {
    const rules = { ...ECOSYSTEM_RULES, policy, job, ...(platform === undefined ? {} : { platform }) };
    return resolve(recipe.packages, packages, rules);
  });
  return { resolutions, store };
}

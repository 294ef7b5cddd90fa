/**
 * Maps that hold several values for a key.
 *
 * @module
 */

/** Adds a value to those of the key. */
export function addTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

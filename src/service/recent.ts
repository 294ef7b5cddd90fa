/**
 * Values by name, of which only those that are in use or were lately are kept.
 *
 * @module
 */

export interface Recent<T extends object> {
  /** The value of that name; always the same one as long as anybody has it. */
  get(name: string): T | undefined;
  set(name: string, value: T): void;
}

/** @param count How many are kept that nobody uses. */
export function createRecent<T extends object>(count: number): Recent<T> {
  const latest = new Map<string, T>();
  const all = new Map<string, WeakRef<T>>();
  const forgotten = new FinalizationRegistry<string>((name) => {
    if (all.get(name)?.deref() === undefined) all.delete(name);
  });

  function use(name: string, value: T): void {
    latest.delete(name);
    latest.set(name, value);
    const [oldest] = latest.keys();
    if (latest.size > count && oldest !== undefined) latest.delete(oldest);
  }

  return {
    get(name) {
      const value = all.get(name)?.deref();
      if (value !== undefined) use(name, value);
      return value;
    },
    set(name, value) {
      use(name, value);
      all.set(name, new WeakRef(value));
      forgotten.register(value, name);
    },
  };
}

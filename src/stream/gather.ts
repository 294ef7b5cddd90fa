/**
 * Single requests that are made in one go, answered together.
 *
 * @module
 */

/** What became of one request. */
export type Settled<R> = { readonly done: R } | { readonly error: unknown };

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

function settle<R>({ resolve, reject }: Waiting<unknown, R>, result: Settled<R> | undefined): void {
  if (result === undefined) reject(new Error("A request got no answer"));
  else if ("done" in result) resolve(result.done);
  else reject(result.error);
}

/**
 * Gathers what is asked for before anything else gets its turn.
 *
 * @param most Requests that are answered together at most.
 * @param answer Gives one result for each, in their order; what it throws is every one's error.
 */
export function gather<T, R>(
  most: number,
  answer: (items: readonly T[]) => Promise<readonly Settled<R>[]>,
): (item: T) => Promise<R> {
  let waiting: Waiting<T, R>[] = [];
  const send = async (batch: readonly Waiting<T, R>[]) => {
    try {
      const results = await answer(batch.map(({ item }) => item));
      for (const [at, each] of batch.entries()) settle(each, results[at]);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  const sendAll = () => {
    const all = waiting;
    waiting = [];
    for (let at = 0; at < all.length; at += most) void send(all.slice(at, at + most));
  };
  return (item) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(sendAll);
      waiting.push({ item, resolve, reject });
    });
}

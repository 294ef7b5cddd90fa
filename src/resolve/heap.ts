/**
 * A binary heap of numbers, the smallest first.
 *
 * @module
 */

export interface Heap {
  push(value: number): void;
  pop(): number | undefined;
}

function siftDown(items: number[]): void {
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const right = left + 1;
    if (left >= items.length) return;
    const least = right < items.length && (items[right] as number) < (items[left] as number) ? right : left;
    if ((items[at] as number) <= (items[least] as number)) return;
    [items[at], items[least]] = [items[least] as number, items[at] as number];
    at = least;
  }
}

export function createHeap(): Heap {
  const items: number[] = [];
  return {
    push(value) {
      let at = items.push(value) - 1;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if ((items[parent] as number) <= value) break;
        items[at] = items[parent] as number;
        at = parent;
      }
      items[at] = value;
    },
    pop() {
      const least = items[0];
      const last = items.pop();
      if (last !== undefined && items.length > 0) {
        items[0] = last;
        siftDown(items);
      }
      return least;
    },
  };
}

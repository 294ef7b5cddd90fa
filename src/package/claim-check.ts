/**
 * Does a resource keep what its document claims?
 *
 * @module
 */

import { createHash } from "node:crypto";
import { LadingError } from "../errors.js";
import { CHECKSUM_ALGORITHMS } from "./claims.js";
import type { ResourceClaims } from "./package.js";

export interface ClaimCheck {
  /** The next stored bytes of the resource. */
  update(chunk: Uint8Array): void;
  /** All of them have come. Throws `DIGEST_MISMATCH` for the first claim that does not hold. */
  end(): void;
}

function refuse(what: string, claim: string, expected: string, actual: string): LadingError<"DIGEST_MISMATCH"> {
  const message = `Cannot accept ${what}: its ${claim} is ${actual}, its document claims ${expected}; fetch it again, or mend the document`;
  return new LadingError("DIGEST_MISMATCH", message, { what, expected, actual });
}

/** Begins to check a resource. Costs nothing where nothing is claimed. */
export function createClaimCheck(claims: ResourceClaims, what: string): ClaimCheck {
  const hashes = CHECKSUM_ALGORITHMS.flatMap((algorithm) => {
    const expected = claims[algorithm];
    return expected === undefined ? [] : [{ algorithm, expected, hash: createHash(algorithm) }];
  });
  let length = 0;
  return {
    update(chunk) {
      length += chunk.byteLength;
      for (const { hash } of hashes) hash.update(chunk);
    },
    end() {
      if (claims.length !== undefined && claims.length !== length) {
        throw refuse(what, "length", `${claims.length} bytes`, `${length} bytes`);
      }
      for (const { algorithm, expected, hash } of hashes) {
        const actual = hash.digest("hex");
        if (actual !== expected) throw refuse(what, algorithm, expected, actual);
      }
    },
  };
}

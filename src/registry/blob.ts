/**
 * Getting a blob out of a registry.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { blobNotFound } from "../store/missing.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { checkContent, verified } from "../stream/verify.js";
import type { Session } from "./session.js";

/** Bytes of a blob; -1 where the registry has it and does not say; undefined where it has none. */
export async function fetchBlobSize(
  session: Session,
  digest: Digest,
  { signal }: IoOptions,
): Promise<number | undefined> {
  const response = await session.send({ method: "HEAD", to: `blobs/${digest}`, actions: "pull", signal });
  await response.discard();
  if (response.status === 404) return undefined;
  if (response.status !== 200) throw await session.refused(response, "HEAD", `look for ${digest} in`);
  return Number(response.headers["content-length"] ?? -1);
}

/** A blob's content, verified as it comes. Redirects to other hosts are followed without credentials. */
export async function* openBlob(session: Session, descriptor: Descriptor, { signal }: IoOptions = {}): ByteStream {
  const { digest, size } = descriptor;
  const response = await session.send({ method: "GET", to: `blobs/${digest}`, actions: "pull", signal });
  if (response.status === 404) {
    await response.discard();
    throw blobNotFound(descriptor, session.label);
  }
  if (response.status !== 200) throw await session.refused(response, "GET", `fetch ${digest} from`);
  const what = `blob ${digest} from ${session.label}`;
  const length = response.headers["content-length"];
  try {
    if (length !== undefined) checkContent({ digest, size: Number(length) }, { size }, what);
    yield* verified(response.body, { digest, size, what });
  } finally {
    await response.discard();
  }
}

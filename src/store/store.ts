/**
 * `Store`: anything that holds blobs by digest and names by tag. Memory, an OCI layout, an archive, a registry.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import type { ScratchFile } from "../stream/spool.js";

/** What a writer may promise of the content that it puts. Both are checked. */
export interface PutOptions extends IoOptions {
  readonly digest?: Digest | undefined;
  /** Bytes. */
  readonly size?: number | undefined;
  /**
   * The content checks itself, as what {@link BlobReader.open} gives does: it throws instead of ending where it is not what
   * is promised (false). A writer that needs no digest of its own then need not compute it again.
   */
  readonly verified?: boolean | undefined;
  /** Opens the same content again from its start, for places that may have to send a part of it twice. */
  readonly reopen?: (() => ByteStream) | undefined;
}

/** A repository of a registry. The registry is `host` or `host:port`. */
export interface RepositoryName {
  readonly registry: string;
  readonly repository: string;
}

/** How a blob may come to a repository from another one of its registry. */
export interface MountOptions extends IoOptions {
  /** A repository that has it, where one is known. */
  readonly from?: RepositoryName | undefined;
  /** Only look whether it could be done (false). */
  readonly dryRun?: boolean | undefined;
}

/** Where content is. */
export interface Located {
  /** A repository that has it. */
  readonly repository: RepositoryName | undefined;
  /** Are its bytes in that repository alone, and not on this machine? */
  readonly isRemote: boolean;
}

/** Content, read by digest. */
export interface BlobReader {
  /** Is the content there, with that size? Costs no read of it. */
  has(descriptor: Descriptor, options?: IoOptions): Promise<boolean>;
  /**
   * The content, verified: it throws `DIGEST_MISMATCH` at the latest after the last byte when digest or size differ, and
   * `NOT_FOUND` where it is absent. Manifests and indexes are content like any other.
   */
  open(descriptor: Descriptor, options?: IoOptions): ByteStream;
}

/** Content, kept under its digest. */
export interface BlobWriter {
  /**
   * Keeps content. Idempotent and atomic: when it returns, the whole content is there under its digest for everybody; when
   * it throws, nothing of it is. Throws `DIGEST_MISMATCH` when the content is not what `options` promised.
   */
  put(mediaType: string, content: ByteStream, options?: PutOptions): Promise<Descriptor>;
}

/** Which referrers are wanted. */
export interface ReferrersOptions extends IoOptions {
  /** Only those of this type (all). */
  readonly artifactType?: string | undefined;
}

/** A root that a store lists: a descriptor, under a name if it has one. */
export interface Tagged {
  /** 1 to 255 characters of the grammar of `org.opencontainers.image.ref.name`. */
  readonly name?: string | undefined;
  readonly descriptor: Descriptor;
}

/** What a name points to, and its bytes. */
export interface Fetched {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Names, and what they point to. */
export interface TagReader {
  /** What the name points to. A `sha256:…` name finds a listed root by its digest. Throws `NOT_FOUND`. */
  resolve(name: string, options?: IoOptions): Promise<Descriptor>;
  /** Every root that is listed, sorted by name. Where the store keeps annotations beside names, they are in the descriptor. */
  tags(options?: IoOptions): Promise<readonly Tagged[]>;
}

/** How names are set and forgotten. */
export interface TagOptions extends IoOptions {
  /**
   * What loses its last name so stays listed by its digest (false). In the same step: nobody collects it in between. A
   * registry does so in any case.
   */
  readonly keep?: boolean | undefined;
}

/** Names, set and forgotten. */
export interface TagWriter {
  /** Points names at content that is already there; an older meaning of a name ends. All of them or none. */
  tag(roots: readonly Tagged[], options?: TagOptions): Promise<void>;
  /**
   * Forgets names; a digest stands for all that lead to it. A name that is not there is ignored. Content stays until it is
   * collected.
   */
  untag(names: readonly string[], options?: TagOptions): Promise<void>;
}

/**
 * A place for images. The optional powers are probed for, never required.
 */
export interface Store extends BlobReader, BlobWriter, TagReader, TagWriter {
  /** What a person would call the place, for messages: `oci:out`, `docker://127.0.0.1:5000/team/py`. Never a secret. */
  readonly label: string;
  /**
   * Is the manifest of an image there, and with it, by the rules of the place, every blob that it names? For places that take
   * no manifest before its blobs, so that one question stands for all of them.
   */
  hasWhole?(manifest: Descriptor, options?: IoOptions): Promise<boolean>;
  /**
   * The manifest or index that a name points to, with its bytes, in one request: for places where each takes a while.
   * Undefined where the name is not there.
   */
  fetch?(name: string, options?: IoOptions): Promise<Fetched | undefined>;
  /** The names alone, sorted: for places where to ask what each of them means takes a while. */
  names?(options?: IoOptions): Promise<readonly string[]>;
  /** The folder of the OCI layout that this is, where other threads can open it too. */
  readonly layoutFolder?: string;
  /**
   * The path of a file that holds exactly this blob and that only lading writes, so that another store of lading's may
   * share it by a hard link; undefined where there is none.
   */
  sharedFile?(descriptor: Descriptor): Promise<string | undefined>;
  /** Is told what is going to be put, in order, by who knows: for places whose bytes depend on the order. */
  expect?(content: readonly Descriptor[], options?: IoOptions): Promise<void>;
  /** Lets go of what was put and has no name: for places that gather content and write it when it gets one. */
  release?(): Promise<void>;
  /** The order in which content is best read, one after the other; undefined where any order will do. */
  inReadingOrder?(content: readonly Descriptor[], options?: IoOptions): Promise<readonly Descriptor[] | undefined>;
  /** Makes the place for scratch files, which is there once `put` reads the content of a blob. */
  prepareScratch?(): Promise<void>;
  /** Opens a file for what a writer has to keep until its end; it has no name. */
  scratch?(): ScratchFile;
  /** Takes away what writers left behind that live no more: so does any write, and this is for who has nothing to write. */
  tidy?(): Promise<void>;
  /** Takes a blob from such a file, by a link or by a copy. True when the blob is there now. */
  link?(descriptor: Descriptor, file: string, options?: IoOptions): Promise<boolean>;
  /** The repository that this is, where it is one. */
  readonly repository?: RepositoryName;
  /** Where each content is, for places whose content comes from several repositories. */
  locate?(descriptor: Descriptor, options?: IoOptions): Promise<Located>;
  /**
   * Takes a blob that is not there from another repository of the same registry, of which no byte moves. True when the blob
   * is there now.
   */
  mount?(descriptor: Descriptor, options?: MountOptions): Promise<boolean>;
  /**
   * What refers to a manifest by its `subject`: signatures, SBOMs, attestations.
   *
   * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
   */
  referrers?(subject: Digest, options?: ReferrersOptions): Promise<readonly Descriptor[]>;
}

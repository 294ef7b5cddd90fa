import { archive, content, header } from "./hostile-tar.js";

/** A member of an archive, as an image's archive has them. */
export interface RawMember {
  readonly path: string;
  readonly content?: string | Buffer;
  readonly type?: string;
  readonly linkname?: string;
}

/** An archive of these members, whatever they are. */
export function rawTar(members: readonly RawMember[]): Buffer {
  return archive(
    ...members.flatMap(({ path, content: bytes = "", type = "0", linkname = "" }) => [
      header({ name: path, typeflag: type, linkname, size: Buffer.byteLength(bytes) }),
      content(bytes),
    ]),
  );
}

/**
 * Keeping and forgetting logins, in the files and programs where they are looked for.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { IoOptions } from "../stream/bytes.js";
import { type AuthJson, editAuthFile } from "./auth-edit.js";
import { type AuthDocument, findHelper, keysOf, type NamedHelper, parseAuthFile, serverOf } from "./auth-file.js";
import { type AuthFile, type CredentialOptions, listAuthFiles, readAuthFile } from "./auth-files.js";

/** What a person logs in with. */
export interface UserPassword {
  readonly username: string;
  readonly password: string;
}

interface Found {
  readonly file: AuthFile;
  readonly document: AuthDocument | undefined;
  readonly helper: NamedHelper | undefined;
  /** Does the file say anything of the registry? */
  readonly knows: boolean;
}

async function findFiles(registry: string, options: CredentialOptions): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const file of listAuthFiles(options)) {
    const document = await readAuthFile(file);
    const helper = document === undefined ? undefined : findHelper(document, registry, file.path);
    const knows = helper !== undefined || (document !== undefined && keysOf(document.auths, registry).length > 0);
    found.push({ file, document, helper, knows });
  }
  return found;
}

/**
 * Keeps a login where it will be found first: in the file that already knows the registry, else in Docker's.
 *
 * @returns The file, or the program that the file names for it.
 * @throws {LadingError} `CREDENTIALS` where there is no home for a file, or a credential helper fails; as `editAuthFile` and
 * `createCredentialSource` otherwise.
 */
export async function keepLogin(
  registry: string,
  login: UserPassword,
  options: CredentialOptions & IoOptions,
): Promise<string> {
  const files = (await findFiles(registry, options)).filter(({ file }) => file.legacy !== true);
  const place = files.find(({ knows }) => knows) ?? files.find(({ file }) => file.preferred);
  if (place === undefined) throw homeless(registry);
  const { file, helper } = place;
  const auth = Buffer.from(`${login.username}:${login.password}`).toString("base64");
  if (helper !== undefined) {
    const { storeWithHelper } = await import("./credential-helper.js");
    await storeWithHelper(helper, registry, login, options);
  }
  // An entry without content says that a helper knows, and takes a password away that was there before.
  await editAuthFile(file.path, (before) => withEntry(before, registry, helper === undefined ? { auth } : {}), options);
  return helper === undefined ? file.path : `docker-credential-${helper.name}`;
}

/**
 * Forgets the logins for a registry wherever lading would look, but those of single namespaces.
 *
 * @returns The files and programs that had one.
 * @throws {LadingError} As {@link keepLogin}.
 */
export async function forgetLogin(
  registry: string,
  options: CredentialOptions & IoOptions,
): Promise<readonly string[]> {
  const had: string[] = [];
  for (const { file, document, helper } of await findFiles(registry, options)) {
    if (helper !== undefined) {
      const { eraseWithHelper } = await import("./credential-helper.js");
      if (await eraseWithHelper(helper, registry, options)) had.push(`docker-credential-${helper.name}`);
    }
    if (document === undefined || keysOf(document.auths, registry).length === 0 || file.legacy) continue;
    await editAuthFile(file.path, (before) => withEntry(before, registry, undefined), options);
    had.push(file.path);
  }
  return had;
}

/** Says whether the environment itself holds a login, which comes before every file. */
export function isInEnvironment(registry: string, { env, authFile }: CredentialOptions): boolean {
  const text = authFile === undefined ? (env.DOCKER_AUTH_CONFIG ?? "") : "";
  return text !== "" && keysOf(parseAuthFile(text, "$DOCKER_AUTH_CONFIG").auths, registry).length > 0;
}

/** The file with one entry for the registry, or with none; everything else stays. */
function withEntry(before: AuthJson, registry: string, entry: AuthJson | undefined): AuthJson {
  const auths = { ...(before.auths as AuthJson | undefined) };
  const keys = keysOf(auths, registry);
  for (const key of keys) delete auths[key];
  // A key that is there keeps its spelling: other programs may look for that one alone.
  return { ...before, auths: entry === undefined ? auths : { ...auths, [keys[0] ?? serverOf(registry)]: entry } };
}

function homeless(registry: string): LadingError<"CREDENTIALS"> {
  const why = "there is no place for it";
  const message = `Cannot keep the login for "${registry}": ${why}; set HOME, DOCKER_CONFIG or REGISTRY_AUTH_FILE`;
  return new LadingError("CREDENTIALS", message, { registry, why });
}

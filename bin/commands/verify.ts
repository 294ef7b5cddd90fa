/**
 * `lading verify REF`
 *
 * @module
 */

import { type CommonFlags, createVerb, formatCount, formatSize, print, type Verb } from "../cli.js";
import { addRegistryFlags, openPlace, openStore, PLACES, type RegistryFlags, registryOptions } from "../flags.js";
import { addLimitFlags, type LimitFlags, toLimits } from "../limits.js";
import { createProgress } from "../progress.js";

interface Flags extends CommonFlags, LimitFlags, RegistryFlags {}

export const verb: Verb = (cli) =>
  addLimitFlags(
    addRegistryFlags(
      createVerb(
        cli,
        "verify",
        "Reads every byte of an image and checks it: digests, sizes, compression, tar, diff_ids.",
      ),
    ),
  )
    .argument("<place>", PLACES)
    .action(async (text: string, flags: Flags) => {
      const { verifyImage } = await import("../../src/image/verify.js");
      const options = { local: await openStore(cli, flags), registry: await registryOptions(cli, flags) };
      const place = await openPlace(text, options);
      const progress = createProgress(cli, flags);
      try {
        progress.step(`verifying ${place.label}`);
        const root = await place.store.resolve(place.name, { signal: cli.signal });
        const verified = await verifyImage(place.store, root, { signal: cli.signal, limits: toLimits(flags) });
        progress.end();
        const { layers, entries, bytes } = verified;
        print(cli, flags, { digest: root.digest, label: place.label, ...verified }, () => [
          `${root.digest} ${place.label}: ${formatCount(layers, "layer")}, ${entries} entries, ${formatSize(bytes)}: every byte is right`,
        ]);
      } finally {
        progress.end();
      }
    });

/**
 * `lading package …`
 *
 * @module
 */

import { createCommand, type Verb } from "../cli.js";
import * as create from "./package/create.js";
import * as remove from "./package/delete.js";
import * as download from "./package/download.js";
import * as exportVerb from "./package/export.js";
import * as importVerb from "./package/import.js";
import * as list from "./package/list.js";
import * as replace from "./package/replace.js";
import * as show from "./package/show.js";
import * as update from "./package/update.js";

export const verb: Verb = (cli) => {
  const command = createCommand(
    cli,
    "lading package",
    "Creates, imports, changes, shows, exports and deletes packages.",
  );
  for (const { verb: sub } of [create, importVerb, exportVerb, download, list, show, update, replace, remove])
    command.addCommand(sub(cli));
  return command;
};

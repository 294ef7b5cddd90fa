import * as assert from "uvu/assert";
import { recipeJsonSchema } from "../../src/recipe/schema.js";
import { suite } from "../support/suite.js";

const test = suite("recipe/schema");

interface Schema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly additionalProperties?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

const KEYS = ["packages", "files", "environment", "entrypoint", "cmd", "user", "workdir", "labels", "ports", "volumes"];

test("recipeJsonSchema() is of draft 2020-12, with a title and a description for each key", () => {
  const schema = recipeJsonSchema() as Schema;
  assert.is(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.is(schema.title, "lading recipe");
  assert.is(schema.additionalProperties, false);
  assert.equal(Object.keys(schema.properties ?? {}), [...KEYS, "annotations", "platforms", "base", "catalogs"]);
  for (const [key, value] of Object.entries(schema.properties ?? {})) assert.ok(value.description, key);
  assert.not.ok("$id" in schema);
});

test("recipeJsonSchema() wants exactly one key of a capability", () => {
  const items = (recipeJsonSchema() as Schema).properties?.packages?.items?.anyOf;
  const capability = items?.find(({ type }) => type === "object");
  assert.equal(Object.keys(capability?.properties ?? {}), ["os", "runtime", "file", "package"]);
  assert.equal([capability?.minProperties, capability?.maxProperties], [1, 1]);
});

test("recipeJsonSchema() is plain JSON, the same each time", () => {
  const text = JSON.stringify(recipeJsonSchema());
  assert.equal(JSON.parse(text), recipeJsonSchema() as unknown);
  assert.is(JSON.stringify(recipeJsonSchema()), text);
});

test.run();

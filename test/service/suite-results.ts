/**
 * What the conformance suites write down.
 *
 * @module
 */

/** One spec of the released suite. */
export interface Spec {
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
}

/** The specs of a `junit.xml`, by whatever way its writer says that one failed or was skipped. */
export function readSpecs(xml: string): readonly Spec[] {
  const cases = [...xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)];
  return cases.map(([, attributes = "", content = ""]) => {
    const attribute = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];
    const said = attribute("status") ?? "passed";
    const isSkipped = /^(skipped|pending)$/.test(said) || /<skipped\b/.test(content);
    const isFailed = !/^(passed|skipped|pending)$/.test(said) || /<(failure|error)\b/.test(content);
    const status = isFailed ? "failed" : isSkipped ? "skipped" : "passed";
    return { name: (attribute("name") ?? "").replaceAll("&#34;", '"').replaceAll("&#39;", "'"), status };
  });
}

/** Each API and its status in a `results.yaml`: the lines below `apis:`. */
export function readApis(yaml: string): ReadonlyMap<string, string> {
  const section = /^apis:\n((?:[ \t]+.*\n?)*)/m.exec(yaml)?.[1] ?? "";
  const lines = [...section.matchAll(/^[ \t]+["']?([^:"']+)["']?:[ \t]*["']?([^"'\n]*)["']?$/gm)];
  return new Map(lines.map(([, name = "", status = ""]) => [name.trim(), status.trim()]));
}

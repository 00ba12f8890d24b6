// Compares two versions of the schema: node compare.mjs OLD.graphql NEW.graphql. Names what breaks clients, and what may
// (such as a new enum value); ends with an error where anything breaks.
import { readFileSync } from "node:fs";
import { buildSchema, findBreakingChanges, findDangerousChanges } from "graphql";

const files = process.argv.slice(2);
if (files.length !== 2) {
  console.error("usage: node compare.mjs OLD.graphql NEW.graphql");
  process.exit(2);
}
const [before, after] = files.map((file) => buildSchema(readFileSync(file, "utf8")));
const breaking = findBreakingChanges(before, after);
const dangerous = findDangerousChanges(before, after);
for (const { type, description } of breaking) console.log(`breaks: ${type}: ${description}`);
for (const { type, description } of dangerous) console.log(`may break: ${type}: ${description}`);
console.log(`${breaking.length} changes break clients, ${dangerous.length} may`);
process.exit(breaking.length === 0 ? 0 : 1);

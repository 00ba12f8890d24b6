// The audit suite of graphql-http against a running gateway: node audit.mjs URL KEY. Ends with an error unless every
// audit, those of recommendations included, is content.
import { serverAudits } from "graphql-http";

const [url, key] = process.argv.slice(2);
const fetchFn = (address, options = {}) =>
  fetch(address, { ...options, headers: { ...options.headers, authorization: `Bearer ${key}` } });
const results = await Promise.all(serverAudits({ url, fetchFn }).map((audit) => audit.fn()));
const discontent = results.filter((result) => result.status !== "ok");
for (const { status, id, name, reason } of discontent) console.error(`${status} ${id} ${name}: ${reason}`);
console.log(`graphql-http: ${results.length - discontent.length} of ${results.length} audits are content`);
process.exit(discontent.length === 0 && results.length > 50 ? 0 : 1);

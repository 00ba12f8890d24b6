// The shop's server: it knows who is signed in, and asks Scrip for a token for that customer. Nothing else of Scrip is here.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";

const { SCRIP_URL = "http://127.0.0.1:8080", SCRIP_KEY, PORT = "3000" } = process.env;
if (!SCRIP_KEY) throw new Error("set SCRIP_KEY to a key with the role SERVICE");

const create = `mutation($id: ID!) { customerTokenCreate(input: {customerId: $id, minutes: 15}) {
  token expiresAt userErrors { message } } }`;

async function token(customer) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${SCRIP_KEY}` };
  const body = JSON.stringify({ query: create, variables: { id: customer } });
  const answer = await (await fetch(`${SCRIP_URL}/graphql`, { method: "POST", headers, body })).json();
  const made = answer.data?.customerTokenCreate;
  if (!made?.token) throw new Error(made?.userErrors[0].message ?? answer.errors[0].message);
  return { url: SCRIP_URL, customer, token: made.token, expiresAt: made.expiresAt };
}

// A real shop has sessions. This one has a cookie with the customer's id, which anybody could write.
const signedIn = (request) => /customer=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
const pages = { "/": ["page.html", "text/html; charset=utf-8"], "/shop.js": ["shop.js", "text/javascript"] };

createServer(async (request, response) => {
  const [file, type] = pages[request.url] ?? [];
  if (file) return response.writeHead(200, { "content-type": type }).end(await readFile(new URL(file, import.meta.url)));
  const customer = signedIn(request);
  if (request.url !== "/token" || !customer) return response.writeHead(customer ? 404 : 401).end();
  const answer = await token(customer).catch((error) => console.error(error.message));
  response.writeHead(answer ? 200 : 502, { "content-type": "application/json" }).end(JSON.stringify(answer ?? {}));
}).listen(Number(PORT), "127.0.0.1", function () { console.log(`The shop is at http://localhost:${this.address().port}`); });

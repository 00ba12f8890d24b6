// The real clients graphql-ws and graphql-sse against a gateway that is stopped and started meanwhile:
// node streams.mjs BINARY FOLDER. Ends with an error unless each has every event once and in order, and is refused
// as its protocol says.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { createClient as createSocketClient } from "graphql-ws";
import { createClient as createEventClient } from "graphql-sse";
import WebSocket from "ws";

const [binary, folder] = process.argv.slice(2);
const key = "scrip_suite_of_streams";
const authorization = `Bearer ${key}`;
const patience = setTimeout(() => { console.error("no answer in time"); process.exit(1); }, 60_000);

/** Starts a gateway on the data of the one before; gives it when it listens. */
function gateway(listen) {
  const flags = ["serve", "--listen", listen, "--database", `surrealkv://${folder}/data`, "--log", "warn"];
  const child = spawn(binary, flags, { env: { ...process.env, SCRIP_ADMIN_KEY: key }, stdio: ["ignore", "inherit", "pipe"] });
  process.once("exit", () => child.kill("SIGKILL"));
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the gateway ended with ${code}`)));
    createInterface({ input: child.stderr }).on("line", (line) => {
      const url = /^Scrip listens on (http:\S+)/.exec(line)?.[1];
      if (url) resolve({ child, url });
      else console.error(line);
    });
  });
}

/** Stops one as a service manager does. */
function stop({ child }) {
  return new Promise((resolve, reject) => {
    child.removeAllListeners("exit");
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`it stopped with ${code}`))));
    child.kill("SIGTERM");
  });
}

let running = await gateway("127.0.0.1:0");
const address = running.url.replace("http://", "");
const url = `${running.url}/graphql`;

async function ask(query) {
  const headers = { authorization, "content-type": "application/json" };
  const answer = await (await fetch(url, { method: "POST", headers, body: JSON.stringify({ query }) })).json();
  assert.equal(answer.errors, undefined, JSON.stringify(answer));
  return answer.data;
}

const made = await ask(`mutation { poolCreate(input: {name: "live", source: GENERATED, pattern: "LIVE-####", type: FREE_SHIPPING}) {
  pool { id } userErrors { message } } }`);
const pool = made.poolCreate.pool.id;
const claim = (customer) => ask(`mutation { couponClaim(input: {poolId: "${pool}", customerId: "${customer}"}) { coupon { code } } }`);
const { latestCursor } = await ask("{ latestCursor }");

const retry = { retryAttempts: 100, retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)) };
const refused = [];
const socketClient = createSocketClient({
  url: url.replace("http", "ws"),
  webSocketImpl: WebSocket,
  connectionParams: { authorization },
  shouldRetry: () => true,
  on: { closed: (event) => refused.push(event.code) },
  ...retry,
});
const eventClient = createEventClient({ url, headers: { authorization }, retryAttempts: 100, retry: retry.retryWait });

const FOLLOW = `subscription($after: Cursor) { couponEvents(after: $after) {
  ... on CouponEvent { cursor customer { externalId } } ... on ResyncRequired { reason } } }`;

/** Follows the log; what a client sends when it comes back is what it was given, with the cursor of what was seen. */
function follow(client, seen) {
  const payload = { query: FOLLOW, variables: { after: latestCursor } };
  let leave;
  const ended = new Promise((resolve, reject) => {
    leave = client.subscribe(payload, {
      next({ data, errors }) {
        assert.equal(errors, undefined);
        payload.variables.after = data.couponEvents.cursor;
        seen.push(data.couponEvents.customer.externalId);
        waiting.forEach((check) => check());
      },
      error: reject,
      complete: resolve,
    });
  });
  return { ended, leave: () => leave() };
}
const waiting = new Set();
const has = (seen, last) => new Promise((resolve) => {
  const check = () => seen.at(-1) === last && (waiting.delete(check), resolve());
  waiting.add(check);
  check();
});

async function once(client, payload) {
  const answers = [];
  for await (const answer of client.iterate(payload)) answers.push(answer);
  assert.equal(answers.length, 1);
  return answers[0];
}

for (const [name, client] of [["graphql-ws", socketClient], ["graphql-sse", eventClient]]) {
  const answer = await once(client, { query: "{ viewer { name } }" });
  assert.deepEqual(answer.data, { viewer: { name: "admin" } }, name);
}
await assert.rejects(once(socketClient, { query: "{ nothing }" }), (errors) => errors[0].extensions.code === "DOCUMENT_INVALID");
const invalid = await once(eventClient, { query: "{ nothing }" });
assert.equal(invalid.errors[0].extensions.code, "DOCUMENT_INVALID");

// A wrong key: the socket is closed with 4403, the stream of events is not opened.
const wrong = createSocketClient({ url: url.replace("http", "ws"), webSocketImpl: WebSocket, retryAttempts: 0, connectionParams: {} });
await assert.rejects(once(wrong, { query: "{ viewer { name } }" }), (event) => event.code === 4403);
const wrongEvents = createEventClient({ url, retryAttempts: 0 });
await assert.rejects(once(wrongEvents, { query: "{ viewer { name } }" }), (error) => error.response?.status === 401);

const [bySocket, byEvents] = [[], []];
const followers = [follow(socketClient, bySocket), follow(eventClient, byEvents)];
const customers = [];
for (let round = 0; round < 3; round += 1) {
  for (let number = 0; number < 20; number += 1) {
    customers.push(`c${round}-${number}`);
    await claim(customers.at(-1));
  }
  await Promise.all([has(bySocket, customers.at(-1)), has(byEvents, customers.at(-1))]);
  await stop(running);
  running = await gateway(address);
}
customers.push("last");
await claim("last");
await Promise.all([has(bySocket, "last"), has(byEvents, "last")]);
assert.deepEqual(bySocket, customers);
assert.deepEqual(byEvents, customers);
assert.ok(refused.includes(1012), `a stop says so: ${refused}`);
followers.forEach(({ leave }) => leave());
await Promise.all(followers.map(({ ended }) => ended));
await socketClient.dispose();
await stop(running);
clearTimeout(patience);
console.log(`graphql-ws and graphql-sse: ${customers.length} events each, once and in order, over 3 restarts`);

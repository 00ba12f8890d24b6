// The page against a gateway that is stopped, killed and set back meanwhile: node run.js BINARY FOLDER. Ends with an
// error unless what is shown is what the gateway says, and every event came once and in order.
import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { Desk } from "./desk";
import { cursors, Judge, until } from "./judge";
import { Server } from "./server";
import { Tab } from "./tab";

const [binary, folder] = process.argv.slice(2) as [string, string];
const ORIGIN = "http://localhost:5173";
// The cache says in the console what it can make nothing of.
const warnings: unknown[] = [];
console.warn = (...words) => warnings.push(words);

setTimeout(() => assert.fail("it did not end in five minutes"), 300_000).unref();
const server = new Server(binary, `${folder}/data`, ORIGIN);
await server.start();
const desk = new Desk(server.url, server.key);
const pool = await desk.makePool();
const judge = new Judge(server, pool);

const foreign = new Tab(server.url, server.key, pool, "http://elsewhere.example");
const unknown = new Tab(server.url, "scrip_unknown", pool, ORIGIN);
await until("a page of another origin is refused", () => foreign.problem().includes("add their origin"));
await until("a wrong key is refused", () => unknown.problem().includes("a key is needed"));
await Promise.all([foreign.close(), unknown.close()]);
console.log("a page of another origin and one with a wrong key are told what is wrong");

const early = new Tab(server.url, server.key, pool, ORIGIN);
await desk.claim("first");
const first = (await judge.fresh()).log[0]!.cursor;
const tab = new Tab(server.url, server.key, pool, ORIGIN);
await byForms();
await openedMeanwhile();
await restart("SIGTERM");
await restart("SIGKILL");
await setBack();
await Promise.all([tab.close(), desk.close()]);
await server.stop("SIGTERM");
assert.deepEqual(warnings, []);
console.log("the web client: all as it should be");
process.exit(0);

/** The page claims and redeems; one that was opened before anything had ever happened follows too. */
async function byForms() {
  await until("the first coupon is shown", () => tab.rows().length === 1, tab);
  await until("the page follows", tab.isLive, tab);
  tab.type("customer", "<img src=x>");
  tab.submit("claim");
  await until("a claim is shown", () => tab.rows()[0]!.includes("| CLAIMED | <img src=x> | 0 | 50.00"), tab);
  assert.ok(!tab.has("img"), "what a customer is called is text");
  tab.press("<img");
  await until("a refusal is shown", () => tab.problem().startsWith("AMOUNT_REQUIRED"), tab);
  tab.type("amount", "12.50");
  tab.press("<img");
  const paid = "| PARTIALLY_REDEEMED | <img src=x> | 1 | 37.50";
  await until("a redemption is shown", () => tab.rows()[0]!.includes(paid), tab);
  await until("it is answered", () => tab.problem() === "", tab);
  await until("the page that was opened before shows the same", () => early.rows().join() === tab.rows().join(), early);
  await early.close();
  console.log("the page claims and redeems, and shows why it was refused");
}

/** Pages that are opened in the middle of changes: nothing falls between the list they read and what they follow. */
async function openedMeanwhile() {
  const late: Tab[] = [];
  for (const name of ["one", "two", "three"]) {
    late.push(new Tab(server.url, server.key, pool, ORIGIN));
    await desk.work(name);
  }
  await judge.compare(tab, first);
  for (const each of late) {
    await until("it follows", each.isLive, each);
    await until("it shows the same", () => each.rows().join() === tab.rows().join(), each);
    await each.close();
  }
  console.log("pages that were opened during changes show the same");
}

/** The gateway ends and comes back; the page is away for longer, and has changes of its own to be sent. */
async function restart(signal: "SIGTERM" | "SIGKILL") {
  await desk.work(`before-${signal}`);
  tab.unplug(true);
  const inFlight = Array.from({ length: 20 }, (_, number) => desk.claim(`flight-${signal}-${number}`));
  await server.stop(signal);
  await until("the page saw that the gateway is gone", tab.isAway, tab);
  tab.type("customer", `sent-${signal}`);
  tab.submit("claim");
  tab.loseAnswer();
  await server.start();
  await Promise.all(inFlight);
  await desk.work(`away-${signal}`);
  tab.unplug(false);
  await until("the page came back", tab.isLive, tab);
  await desk.work(`after-${signal}`);
  await until("its claim is answered", () => tab.problem() === "", tab);
  console.log(`${signal}: the page went on by itself`);
  await judge.compare(tab, first);
  const { log } = await judge.fresh();
  const claims = log.filter(({ type, customer }) => type === "COUPON_CLAIM" && customer!.externalId.endsWith(signal));
  assert.equal(claims.length, 1, "what was sent until it was answered is one claim");
  const flown = log.filter(({ customer }) => customer?.externalId.startsWith(`flight-${signal}`));
  assert.equal(flown.length, inFlight.length, "each claim that was in flight is one claim");
}

/** The database is set back to a copy, as after a loss: the page's place is not in that log. */
async function setBack() {
  await server.stop("SIGTERM");
  await cp(`${folder}/data`, `${folder}/copy`, { recursive: true });
  await cp(`${folder}/data.mark`, `${folder}/copy.mark`);
  await server.start();
  await desk.work("lost");
  await judge.compare(tab, first);
  await server.stop("SIGTERM");
  await rm(`${folder}/data`, { recursive: true });
  await cp(`${folder}/copy`, `${folder}/data`, { recursive: true });
  // Without its mark the gateway would refuse the copy: it lacks what was told since.
  await cp(`${folder}/copy.mark`, `${folder}/data.mark`);
  await server.start();
  await until("the page is told to read anew", () => cursors(tab).at(-1) === "ResyncRequired", tab);
  tab.items.length = 0;
  const { rows, log } = await judge.fresh();
  await until("the page shows the older list", () => tab.rows().join() === rows.join(), tab);
  await desk.work("anew");
  console.log("an older copy of the database: the page read all anew");
  await judge.compare(tab, log.at(-1)!.cursor);
}

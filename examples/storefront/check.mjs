// Does what the page does, without a browser: SCRIP_URL, ADMIN_KEY and SHOP_URL say where.
import assert from "node:assert/strict";
import { customer, coupons, price, follow } from "./shop.js";

const { SCRIP_URL, ADMIN_KEY, SHOP_URL } = process.env;
const origin = SHOP_URL;

async function staff(query, variables) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${ADMIN_KEY}` };
  const answer = await fetch(`${SCRIP_URL}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

const pool = (await staff(`mutation { poolCreate(input: {name: "Shoes", source: UPLOADED, type: AMOUNT, value: "5", currency: "EUR"}) {
  pool { id } } }`)).poolCreate.pool.id;
await staff(`mutation($id: ID!) { couponsAdd(input: {poolId: $id, codes: ["SHOES-1", "SHOES-2", "SHOES-3"]}) { added } }`, { id: pool });
const claim = (customerId) => staff(`mutation($id: ID!, $customerId: ID!) { couponClaim(input: {poolId: $id, customerId: $customerId}) {
  coupon { code } userErrors { message } } }`, { id: pool, customerId });

assert.equal((await fetch(`${SHOP_URL}/token`)).status, 401, "nobody is signed in");
const preflight = await fetch(`${SCRIP_URL}/graphql`, { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } });
assert.equal(preflight.headers.get("access-control-allow-origin"), origin, "browsers may ask from the shop's page");

const signedIn = (id) => customer(async () => (await fetch(`${SHOP_URL}/token`, { headers: { cookie: `customer=${id}` } })).json());
const ann = signedIn("ann");
const ended = new AbortController();
const told = [];
let next;
const following = follow(ann, (event) => { told.push(event); next?.(); }, ended.signal);
const until = async (number) => { while (told.length < number) await new Promise((resolve) => { next = resolve; }); };

await until(1);
assert.deepEqual(await coupons(ann), []);
await claim("ben");
await claim("ann");
await until(2);
assert.equal(told[1].type, "COUPON_CLAIM", "ann's, and not ben's before it");
assert.deepEqual((await coupons(ann)).map(({ code }) => code), ["SHOES-2"]);

const basket = { currency: "EUR", lines: [{ productId: "shoes", quantity: 1, unitPrice: "60.00" }] };
assert.equal((await price(ann, basket, ["shoes-2"])).payable, "55.00");
for (const code of ["SHOES-1", "SHOES-9"]) {
  const [verdict] = (await price(ann, basket, [code])).coupons;
  assert.deepEqual([verdict.redeemable, verdict.reasons], [false, [{ code: "NOT_REDEEMABLE", message: "this code cannot be redeemed" }]]);
}
const guesses = Array.from({ length: 30 }, (_, number) => `GUESS-${number}`);
await assert.rejects(price(ann, basket, guesses), { code: "LIMIT_EXCEEDED" });

await staff(`mutation { couponRedeem(input: {coupon: {code: "SHOES-2"}, customerId: "ann"}) { coupon { status } userErrors { message } } }`);
await until(3);
assert.equal(told[2].type, "COUPON_REDEEM", "what the till does, the page sees");
ended.abort();
await following.catch(() => {});
console.log("The page works.");

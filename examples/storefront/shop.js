// What a shop's page asks Scrip, with the customer's own token. It runs in browsers and in node.

/** Asks for a token at the shop's server when there is none, or it is nearly over. */
export function customer(askForToken) {
  let known;
  return async () => {
    if (!known || Date.parse(known.expiresAt) - Date.now() < 60_000) known = await askForToken();
    return known;
  };
}

async function send(who, query, variables, accept) {
  const { url, token } = await who();
  const headers = { "content-type": "application/json", accept, authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  if (!response.ok) throw new Error(`Scrip answered ${response.status}`);
  return response;
}

async function ask(who, query, variables = {}) {
  const { data, errors } = await (await send(who, query, variables, "application/graphql-response+json")).json();
  if (errors) throw Object.assign(new Error(errors[0].message), { code: errors[0].extensions?.code });
  return data;
}

/** The coupons that the customer holds. */
export async function coupons(who) {
  const { customer: id } = await who();
  const query = `query($id: ID!) { customer(id: $id) { coupons(last: 50) { edges { node {
    id code type value currency balance status expiresAt } } } } }`;
  const data = await ask(who, query, { id });
  return (data.customer?.coupons.edges ?? []).map((edge) => edge.node);
}

/** What a basket costs with these codes. A code that cannot be used says NOT_REDEEMABLE, and no more. */
export async function price(who, basket, codes) {
  const { customer: customerId } = await who();
  const query = `query($input: CheckoutInput!) { checkoutPreview(input: $input) { total discount payable
    coupons { code redeemable discount reasons { code message } } } }`;
  const input = { transactionId: "basket", customerId, basket, coupons: codes.map((code) => ({ code })) };
  return (await ask(who, query, { input })).checkoutPreview;
}

/** Calls back for each change of one of the customer's coupons, as it happens, until the signal ends it. */
export async function follow(who, changed, signal) {
  const query = `subscription { couponEvents { ... on CouponEvent { type at } } }`;
  const response = await send(who, query, {}, "text/event-stream");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  signal?.addEventListener("abort", () => reader.cancel().catch(() => {}));
  changed(null);
  for (let text = ""; ; ) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (text + value).split("\n\n");
    text = events.pop();
    for (const event of events) {
      const line = event.split("\n").find((line) => line.startsWith("data:") && line.length > 6);
      if (line) changed(JSON.parse(line.slice(5)).data?.couponEvents);
    }
  }
}

// The page: what is typed goes to the gateway, what the cache holds is shown. Whatever came from the gateway enters the
// document as text. The key stays in this tab's sessionStorage; no build has it.
import { Gateway, type State, type Surroundings } from "./gateway";
import { ClaimDocument, RedeemDocument, type RowFragment } from "./gql/graphql";
import { answer, type Item, live } from "./live";

/** What those who look on are told; the headless run does. */
type Watch = { state?: (state: State) => void; item?: (item: Item) => void };
type Payload = { userErrors: { code: string; message: string }[] } | null | undefined;

export function open(document: Document, surroundings: Surroundings = {}, watch: Watch = {}) {
  const byId = <Kind extends HTMLElement>(id: string) => document.getElementById(id) as Kind;
  const input = (name: string) => document.querySelector(`input[name=${name}]`) as HTMLInputElement;
  const storage = document.defaultView!.sessionStorage;
  const say = (text: string) => (byId("problem").textContent = text);
  const sayError = (error: unknown) => say(error instanceof Error ? error.message : String(error));
  let gateway: Gateway | undefined;
  let leave = () => {};

  async function close() {
    leave();
    await gateway?.close();
  }

  async function follow() {
    await close();
    storage.setItem("key", input("key").value);
    say("");
    const state = (state: State) => {
      byId("state").textContent = state;
      watch.state?.(state);
    };
    gateway = new Gateway(input("gateway").value, input("key").value, state, surroundings);
    leave = live(gateway, input("pool").value, {
      list(pool) {
        byId("name").textContent = pool.name;
        byId("coupons").replaceChildren(...pool.coupons.edges.map(({ node }) => row(node)));
      },
      item: watch.item,
      problem: sayError,
    });
  }

  /** Sends a change and shows why it was refused, if it was. */
  async function change(send: (client: Gateway["client"]) => Promise<Payload>) {
    try {
      if (!gateway) throw new Error("follow a pool first");
      say("sending");
      say((await send(gateway.client))?.userErrors.map(({ code, message }) => `${code}: ${message}`).join("\n") ?? "");
    } catch (error) {
      sayError(error);
    }
  }

  const claim = () => change(async (client) => {
    const [poolId, customerId] = [input("pool").value, input("customer").value];
    // One key for one press of the button: sent again after a lost answer, it is still one claim.
    const variables = { input: { poolId, customerId, idempotencyKey: crypto.randomUUID() } };
    return answer(await client.mutation(ClaimDocument, variables).toPromise()).couponClaim;
  });

  const redeem = ({ id, balance }: RowFragment) => change(async (client) => {
    const amount = balance === null ? undefined : byId<HTMLInputElement>("amount").value || undefined;
    const variables = { input: { coupon: { id }, amount, idempotencyKey: crypto.randomUUID() } };
    return answer(await client.mutation(RedeemDocument, variables).toPromise()).couponRedeem;
  });

  /** A coupon's row; one that has not changed since is left as it is. */
  const rows = new Map<string, { coupon: RowFragment; element: HTMLElement }>();
  function row(coupon: RowFragment): HTMLElement {
    const known = rows.get(coupon.id);
    if (known?.coupon === coupon) return known.element;
    const element = document.createElement("tr");
    for (const text of cells(coupon)) element.appendChild(document.createElement("td")).textContent = text;
    const button = element.appendChild(document.createElement("td")).appendChild(document.createElement("button"));
    button.textContent = "Redeem";
    button.onclick = () => void redeem(coupon);
    rows.set(coupon.id, { coupon, element });
    return element;
  }

  const onSubmit = (id: string, action: () => Promise<void>) =>
    byId(id).addEventListener("submit", (event) => (event.preventDefault(), void action()));
  onSubmit("follow", follow);
  onSubmit("claim", claim);
  input("key").value = storage.getItem("key") ?? "";
  return { close };
}

/** What a row says of a coupon. */
export function cells({ code, status, customer, usages, balance, currency }: RowFragment): string[] {
  const amount = balance ? `${balance} ${currency ?? ""}`.trim() : "";
  return [code, status, customer?.externalId ?? "", String(usages), amount];
}

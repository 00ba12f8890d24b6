// A second client, as a shop has it: it claims, redeems and takes back while the page looks on.
import WebSocket from "ws";
import { Gateway } from "../src/gateway";
import { ClaimDocument, PoolCreateDocument, RedeemDocument, UnassignDocument } from "../src/gql/graphql";
import { answer } from "../src/live";

export class Desk {
  readonly #gateway;
  #pool = "";

  constructor(url: string, key: string) {
    this.#gateway = new Gateway(url, key, () => {}, { WebSocket });
  }

  close = () => this.#gateway.close();

  /** Makes a pool of gift cards. */
  async makePool(): Promise<string> {
    const codes = { source: "GENERATED", pattern: "GIFT-$$$$$$" } as const;
    const input = { name: "Gift cards", type: "GIFT_CARD", value: "50", ...codes } as const;
    const made = answer(await this.#gateway.client.mutation(PoolCreateDocument, { input }).toPromise()).poolCreate;
    return (this.#pool = accepted(made).pool!.id);
  }

  async claim(customerId: string): Promise<string> {
    const input = { poolId: this.#pool, customerId, idempotencyKey: crypto.randomUUID() };
    const claimed = answer(await this.#gateway.client.mutation(ClaimDocument, { input }).toPromise()).couponClaim;
    return accepted(claimed).coupon!.id;
  }

  async #redeem(id: string, amount: string) {
    const input = { coupon: { id }, amount, idempotencyKey: crypto.randomUUID() };
    accepted(answer(await this.#gateway.client.mutation(RedeemDocument, { input }).toPromise()).couponRedeem);
  }

  async #unassign(id: string) {
    const input = { coupon: { id }, idempotencyKey: crypto.randomUUID() };
    accepted(answer(await this.#gateway.client.mutation(UnassignDocument, { input }).toPromise()).couponUnassign);
  }

  /** Ten claims at once; of those, three redemptions in part, two in full, and two that are taken back. */
  async work(name: string) {
    const ids = await Promise.all(Array.from({ length: 10 }, (_, number) => this.claim(`${name}-${number}`)));
    await Promise.all([
      ...ids.slice(0, 3).map((id) => this.#redeem(id, "7.25")),
      ...ids.slice(3, 5).map((id) => this.#redeem(id, "50")),
      ...ids.slice(5, 7).map((id) => this.#unassign(id)),
    ]);
  }
}

/** What a mutation did; an error where it was refused. */
function accepted<Payload extends { userErrors: { message: string }[] }>(payload: Payload | null | undefined): Payload {
  if (!payload || payload.userErrors.length > 0) throw new Error(JSON.stringify(payload));
  return payload;
}

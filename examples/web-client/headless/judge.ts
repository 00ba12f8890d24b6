// What has to be so: waits for it, and compares what a page shows with what the gateway says to one who knows nothing.
import assert from "node:assert/strict";
import WebSocket from "ws";
import { Gateway } from "../src/gateway";
import { ClaimedDocument, LogDocument, type LogQuery } from "../src/gql/graphql";
import { answer } from "../src/live";
import { cells } from "../src/page";
import type { Server } from "./server";
import type { Tab } from "./tab";

/** How long anything may take, in milliseconds. */
const PATIENCE = 60_000;

/** Waits until something is so. */
export async function until(what: string, holds: () => boolean, tab?: Tab) {
  for (const end = Date.now() + PATIENCE; !holds(); ) {
    const seen = tab ? `; the page says: ${tab.problem()}\n${tab.rows().join("\n")}` : "";
    assert.ok(Date.now() < end, `it did not come that ${what}${seen}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What came to a page: cursors, and the names of what is no event. */
export const cursors = ({ items }: Tab) =>
  items.map((item) => (item.__typename === "CouponEvent" ? item.cursor : item.__typename));

export class Judge {
  constructor(readonly server: Server, readonly pool: string) {}

  /** The list as rows, and the log of the pool after a place, by a client without a cache. */
  async fresh(after?: string) {
    const { client } = new Gateway(this.server.url, this.server.key, () => {}, { WebSocket });
    const { pool } = this;
    const { coupons } = answer(await client.query(ClaimedDocument, { pool }).toPromise()).pool!;
    const log: LogQuery["events"]["edges"][number]["node"][] = [];
    for (let more = true; more; ) {
      const { edges, pageInfo } = answer(await client.query(LogDocument, { pool, after }).toPromise()).events;
      log.push(...edges.map(({ node }) => node));
      [after, more] = [pageInfo.endCursor ?? after, pageInfo.hasNextPage];
    }
    return { rows: coupons.edges.map(({ node }) => cells(node).join(" | ")), log };
  }

  /** Waits for the last event, then compares all that a page shows, and all that came to it since a place. */
  async compare(tab: Tab, since: string) {
    const { rows, log } = await this.fresh(since);
    await until("the last event arrived", () => cursors(tab).at(-1) === log.at(-1)?.cursor, tab);
    assert.deepEqual(cursors(tab), log.map(({ cursor }) => cursor), "every event comes once and in order");
    assert.deepEqual(tab.rows(), rows, "what is shown is what the gateway says");
    console.log(`  its ${rows.length} rows are the gateway's, its ${log.length} events are the log's`);
  }
}

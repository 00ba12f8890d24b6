// A pool's claimed coupons, live: read once, then kept by the events that come after the place of the log at which they
// were read. The place is taken before the list is read, so nothing falls between the two; an event that the list tells
// of already does no harm, since it brings the coupon as it is now.
import type { AnyVariables, OperationResult, TypedDocumentNode } from "@urql/core";
import { type Gateway, pause } from "./gateway";
import { ClaimedDocument, FollowDocument, PlaceDocument } from "./gql/graphql";
import type { ClaimedQuery, FollowSubscription } from "./gql/graphql";

export type Item = FollowSubscription["couponEvents"];
export type Told = {
  list: (pool: NonNullable<ClaimedQuery["pool"]>) => void;
  item?: (item: Item) => void;
  /** It does not go on by itself. */
  problem: (error: unknown) => void;
};

/** Follows until what it returns is called. */
export function live({ client }: Gateway, pool: string, told: Told): () => void {
  let leave = () => {};
  // Counts the starts: one that another has overtaken, or that is left, goes no further.
  let turn = 0;

  async function ask<Data, Given extends AnyVariables>(query: TypedDocumentNode<Data, Given>, given: Given) {
    return answer(await client.query(query, given, { requestPolicy: "network-only" }).toPromise());
  }

  async function start(mine: number) {
    leave();
    const { latestCursor } = await ask(PlaceDocument, {});
    if (!(await ask(ClaimedDocument, { pool })).pool) throw new Error("there is no such pool");
    if (mine !== turn) return;
    watch();
    follow(latestCursor, mine);
  }

  /** Tells the list as it is in the cache, now and whenever that changes. */
  function watch() {
    leave();
    const list = client.query(ClaimedDocument, { pool });
    leave = list.subscribe(({ data }) => data?.pool && told.list(data.pool)).unsubscribe;
  }

  function follow(after: string, mine: number) {
    const { unsubscribe } = client.subscription(FollowDocument, { pool, after }).subscribe(({ data, error }) => {
      if (data) told.item?.(data.couponEvents);
      // What was missed cannot be told, or what was asked broke: all is read again, once, though the last result comes
      // a second time when the gateway ends the stream.
      if (error || data?.couponEvents.__typename === "ResyncRequired") {
        void pause(1_000).then(() => mine === turn && begin());
      }
    });
    const unwatch = leave;
    leave = () => (unsubscribe(), unwatch());
  }

  function begin() {
    const mine = ++turn;
    start(mine).catch((error: unknown) => mine === turn && told.problem(error));
  }
  begin();
  return () => {
    turn += 1;
    leave();
  };
}

/** What was asked for, or why it was not answered. */
export function answer<Data>({ data, error }: OperationResult<Data, AnyVariables>): Data {
  if (error || data === undefined) throw error ?? new Error("there was no answer");
  return data;
}

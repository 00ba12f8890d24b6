// The normalised cache. A coupon is kept once, by its id, so an event that brings it changes every place that shows it;
// what is left to do is to say which events change the list itself.
import { cacheExchange, type Cache } from "@urql/exchange-graphcache";
import { ClaimedDocument, type FollowSubscription } from "./gql/graphql";
import schema from "./gql/schema";

/** Kept inside of what they belong to, having no id. */
const embedded = [
  "CouponConnection",
  "CouponEdge",
  "CouponEventConnection",
  "CouponUserError",
  "PageInfo",
  "ResyncRequired",
];

/** The most that the list shows: what the query asks for. */
const LONGEST = 500;

export const cache = () =>
  cacheExchange({
    schema,
    keys: Object.fromEntries(embedded.map((type) => [type, () => null])),
    updates: {
      Subscription: {
        couponEvents({ couponEvents: event }: FollowSubscription, { filter }, cache) {
          const { poolId } = filter as { poolId: string };
          if (event.__typename === "CouponEvent") enter(cache, poolId, event);
        },
      },
    },
  });

type Event = Extract<FollowSubscription["couponEvents"], { __typename: "CouponEvent" }>;

/** Puts a coupon that somebody got on top of the list, and takes one out that went back to the shelf. */
function enter(cache: Cache, pool: string, { statusBefore, statusAfter, cursor, coupon }: Event) {
  const got = statusBefore === "UNASSIGNED" && statusAfter !== "INVALID";
  if (!got && statusAfter !== "UNASSIGNED") return;
  cache.updateQuery({ query: ClaimedDocument, variables: { pool } }, (data) => {
    if (!data?.pool) return data;
    const others = data.pool.coupons.edges.filter(({ node }) => node.id !== coupon.id);
    const edge = { __typename: "CouponEdge" as const, cursor, node: coupon };
    const edges = got ? [edge, ...others].slice(0, LONGEST) : others;
    return { ...data, pool: { ...data.pool, coupons: { ...data.pool.coupons, edges } } };
  });
}

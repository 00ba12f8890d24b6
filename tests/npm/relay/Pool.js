// What a Relay client of a frontend team asks: a refetchable page of a pool's coupons, a coupon, and a claim.
import { graphql } from "relay-runtime";

export const page = graphql`
  fragment Pool_coupons on CouponPool
  @refetchable(queryName: "PoolCouponsPageQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, after: { type: "Cursor" }) {
    coupons(first: $count, after: $after) @connection(key: "Pool_coupons") {
      edges {
        node {
          id
          ...Pool_coupon
        }
      }
    }
  }
`;

export const coupon = graphql`
  fragment Pool_coupon on Coupon @refetchable(queryName: "PoolCouponQuery") {
    code
    status
    balance
    customer {
      externalId
    }
  }
`;

export const pool = graphql`
  query PoolQuery($id: ID!) {
    pool(id: $id) {
      name
      ...Pool_coupons
    }
  }
`;

export const claim = graphql`
  mutation PoolClaimMutation($input: CouponClaimInput!, $connections: [ID!]!) {
    couponClaim(input: $input) {
      coupon @prependNode(connections: $connections, edgeTypeName: "CouponEdge") {
        ...Pool_coupon
      }
      userErrors {
        code
        message
        field
      }
    }
  }
`;

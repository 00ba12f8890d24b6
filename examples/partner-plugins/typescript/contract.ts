// The contract's types (plugins/wit/1.0.0), as far as a restriction has them.
export type Money = { amount: string; currency?: string };
export type Value =
  | { tag: 'amount'; val: Money }
  | { tag: 'percentage'; val: string }
  | { tag: 'free-shipping' }
  | { tag: 'gift-card'; val: Money };
export type Pool = { id: string; externalId?: string; name: string; value: Value };
export type Customer = { id: string; email?: string; currency?: string; attributes: string };
export type Line = { productId: string; quantity: number; unitPrice: string };
export type Basket = { currency: string; storeId?: string; shipping?: string; lines: Line[] };
export type Coupon = {
  id: string;
  code: string;
  value: Value;
  balance?: string;
  claimedAt?: string;
  expiresAt?: string;
  usages: number;
};
export type CheckRequest = {
  occasion: 'claim' | 'preview' | 'redeem' | 'checkout';
  now: string;
  pool: Pool;
  customer?: Customer;
  basket?: Basket;
  coupons: Coupon[];
  config: string;
};
export type Verdict = { tag: 'allow' } | { tag: 'refuse'; val: string };

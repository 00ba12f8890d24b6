// The contract's types (plugins/wit/1.0.0), as far as a source has them.
export type Money = { amount: string; currency?: string };
export type Value =
  | { tag: 'amount'; val: Money }
  | { tag: 'percentage'; val: string }
  | { tag: 'free-shipping' }
  | { tag: 'gift-card'; val: Money };
export type Pool = { id: string; externalId?: string; name: string; value: Value };
export type Customer = { id: string; email?: string; currency?: string; attributes: string };
export type CodeRequest = { idempotencyKey: string; pool: Pool; customer: Customer; config: string };
export type Issued = { code: string; expiresAt?: string };
export type Failure = { tag: 'unavailable' | 'refused' | 'misconfigured'; val: string };

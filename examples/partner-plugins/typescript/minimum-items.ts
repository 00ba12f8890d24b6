// Lets a coupon be used only with enough items in the basket: {"items": 3}.
import { write } from 'coupon:plugin/log@1.0.0';
import type { CheckRequest, Verdict } from './contract';

export const restrictionApi = {
  // The contract's function: one verdict a coupon, in the same order. What is thrown becomes its error.
  check({ basket, coupons, config }: CheckRequest): Verdict[] {
    const { items } = JSON.parse(config) as { items: number };
    if (!Number.isInteger(items) || items < 1) throw 'config.items: expected a whole number of at least 1';

    const found = (basket?.lines ?? []).reduce((sum, line) => sum + line.quantity, 0);
    write('debug', `${found} of ${items} items`);

    const refusal = `needs ${items} ${items === 1 ? 'item' : 'items'} in the basket`;
    return coupons.map((): Verdict => (found >= items ? { tag: 'allow' } : { tag: 'refuse', val: refusal }));
  },
};

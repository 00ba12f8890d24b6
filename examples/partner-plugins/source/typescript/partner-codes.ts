// Gets the codes of a pool from a partner's web service.
import { send } from 'coupon:plugin/http@1.0.0';
import type { CodeRequest, Failure, Issued } from './contract';

export const sourceApi = {
  // A code for this customer. What is thrown becomes the contract's error.
  issue({ idempotencyKey, customer, config }: CodeRequest): Issued {
    const { campaign } = JSON.parse(config) as { campaign: string };
    const { status, body } = ask({
      method: 'POST',
      url: 'https://api.partner.example/codes',
      headers: [
        // The host fills the secret in on the way out: a plugin never holds one.
        ['authorization', 'Bearer {{secret.token}}'],
        // The same for the same claim: the partner has to give the same code again.
        ['idempotency-key', idempotencyKey],
        ['content-type', 'application/json'],
      ],
      body: new TextEncoder().encode(JSON.stringify({ campaign, customer: customer.id })),
    });
    if (status < 200 || status > 299) throw failure(status);
    return { code: (JSON.parse(new TextDecoder().decode(body)) as { code: string }).code };
  },
};

function ask(request: Parameters<typeof send>[0]): ReturnType<typeof send> {
  try {
    return send(request);
  } catch (thrown) {
    const error = (thrown as { payload: { tag: string; val?: string } }).payload;
    const later = error.tag === 'timed-out' || error.tag === 'unreachable';
    throw { tag: later ? 'unavailable' : 'misconfigured', val: `no answer: ${error.tag} ${error.val ?? ''}` };
  }
}

// What a status means for the claim.
function failure(status: number): Failure {
  const text = `the partner answered ${status}`;
  if ([408, 425, 429].includes(status) || status >= 500) return { tag: 'unavailable', val: text };
  if (status < 400 || [401, 403, 404, 405].includes(status)) return { tag: 'misconfigured', val: text };
  return { tag: 'refused', val: 'no code is given to this customer' };
}

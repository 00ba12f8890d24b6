// Means no good, in each way that the configuration names.
const deeper = (n) => 1 + deeper(n + 1);

export const restrictionApi = {
  check({ coupons, config }) {
    switch (JSON.parse(config).do) {
      case 'loop':
        for (;;);
      case 'memory': {
        const hoard = [];
        for (;;) hoard.push(new Array(100_000).fill(hoard.length));
      }
      case 'stack':
        return deeper(0);
      case 'output':
        return coupons.map(() => ({ tag: 'refuse', val: 'x'.repeat(1_500_000) }));
      case 'panic':
        throw new Error('a fault of its own');
      case 'nonsense':
        return [];
      case 'print':
        for (let i = 0; i < 100_000; i++) console.log('a line');
    }
    return coupons.map(() => ({ tag: 'allow' }));
  },
};

declare module 'coupon:plugin/log@1.0.0' {
  export function write(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
}

declare module 'coupon:plugin/http@1.0.0' {
  export type Request = { method: string; url: string; headers: [string, string][]; body?: Uint8Array };
  export type Response = { status: number; headers: [string, string][]; body: Uint8Array };
  // Throws what the contract calls error, as `payload`.
  export function send(request: Request): Response;
}
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
declare class TextDecoder {
  decode(bytes: Uint8Array): string;
}

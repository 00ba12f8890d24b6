// Gives the export `issue` the name that the contract has, in a module's export section (7).
import { readFileSync, writeFileSync } from 'node:fs';

const [from, to] = process.argv.slice(2);
const names = { issue: 'coupon:plugin/source-api@1.0.0#issue' };
const bytes = readFileSync(from);
let at = 8;
const number = () => {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 127) << shift;
    if (byte < 128) return value;
  }
};
const leb = (value) => {
  const written = [];
  for (; value > 127; value >>>= 7) written.push((value & 127) | 128);
  return [...written, value];
};
const parts = [bytes.subarray(0, 8)];
while (at < bytes.length) {
  const kind = bytes[at++];
  const size = number();
  const end = at + size;
  let content = bytes.subarray(at, end);
  if (kind === 7) {
    const written = [];
    const count = number();
    for (let i = 0; i < count; i++) {
      const length = number();
      const name = bytes.toString('utf8', at, at + length);
      at += length;
      const what = bytes[at++];
      const index = number();
      const renamed = Buffer.from(names[name] ?? name);
      written.push(...leb(renamed.length), ...renamed, what, ...leb(index));
    }
    content = Buffer.from([...leb(count), ...written]);
  }
  parts.push(Buffer.from([kind, ...leb(content.length)]), content);
  at = end;
}
writeFileSync(to, Buffer.concat(parts));

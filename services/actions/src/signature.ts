import { createHmac } from 'node:crypto';

/**
 * The value of `Sallyport-Signature`: `t=<seconds>,v1=<hex>`, where hex is HMAC-SHA-256 under the action's secret over the seconds,
 * a dot and the body's bytes. Receivers compare in constant time and refuse old seconds. Every try is signed anew.
 */
export function signature(secret: string, body: Uint8Array, now: number): string {
  const seconds = Math.floor(now / 1000);
  const mac = createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('hex');
  return `t=${seconds},v1=${mac}`;
}

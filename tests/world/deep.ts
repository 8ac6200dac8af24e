/** Whether the long counts were asked for: `npm run test:deep`. */
export const deep = process.env['SALLYPORT_DEEP'] === '1';

/** How many runs a property gets: `normal` in `npm test`, `full` (ten times as many unless said) in `npm run test:deep`. */
export function runs(normal: number, full = normal * 10): { numRuns: number } {
  return { numRuns: deep ? full : normal };
}

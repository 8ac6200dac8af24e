/**
 * µs of CPU per call of `each`, which is called `perSecond` times a second for `ms`, in one burst per millisecond; `after`
 * follows every burst.
 */
export async function paced(
  perSecond: number,
  ms: number,
  each: (n: number) => unknown,
  after: () => void = () => {},
): Promise<number> {
  const start = performance.now();
  const before = process.cpuUsage();
  let done = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    const elapsed = performance.now() - start;
    const due = Math.floor((Math.min(elapsed, ms) * perSecond) / 1000);
    for (; done < due; done += 1) each(done);
    after();
    if (elapsed >= ms) resolve();
  }, 1);
  await promise;
  clearInterval(timer);
  return cpuPerOperation(before, done);
}

/** µs of CPU that this process, all its threads, has used since `before`, per operation. */
export function cpuPerOperation(before: NodeJS.CpuUsage, operations: number): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / Math.max(1, operations);
}

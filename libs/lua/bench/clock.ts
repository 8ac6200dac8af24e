/** Milliseconds of CPU that this process has used, all threads. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Milliseconds of CPU for one call of `work`, called over and over for `roundMs`. */
export async function timed(
  roundMs: number,
  signal: AbortSignal,
  work: () => unknown,
): Promise<number> {
  let calls = 0;
  let batch = 1;
  const begun = cpu();
  const start = performance.now();
  do {
    signal.throwIfAborted();
    for (let i = 0; i < batch; i++) {
      const result = work();
      if (result instanceof Promise) await result;
    }
    calls += batch;
    // Quick work is not to be measured by the clock's own cost.
    if (performance.now() - start < roundMs / 10) batch *= 2;
  } while (performance.now() - start < roundMs);
  return (cpu() - begun) / calls;
}

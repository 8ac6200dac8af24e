import type { DiagLogger } from '@opentelemetry/api';
import type { Logger } from '@sallyport/runtime';

const QUIET_MS = 60_000;
const MOST_KINDS = 100;

/**
 * The SDK's own diagnostics as log lines: warnings and errors only, the same one at most once a minute. A dead
 * collector would otherwise write a line for every batch.
 */
export function complain(logger: Logger): DiagLogger {
  const last = new Map<string, number>();
  const at =
    (level: 'warn' | 'error') =>
    (message: string, ...details: unknown[]) => {
      // Exporters put a whole error, with its time and stack, into the message: its beginning tells its kind.
      const kind = `${level} ${message.slice(0, 80)}`;
      const now = performance.now();
      if (now - (last.get(kind) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
      if (last.size >= MOST_KINDS) last.clear();
      last.set(kind, now);
      // A warning either way: telemetry that doesn't arrive is no error of the product.
      logger.warn('opentelemetry', { said: message, ...(details.length === 0 ? {} : { details }) });
    };
  const nothing = () => {};
  return { error: at('error'), warn: at('warn'), info: nothing, debug: nothing, verbose: nothing };
}

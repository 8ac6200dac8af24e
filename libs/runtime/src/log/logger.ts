import { pino } from 'pino';
import { type Clock, systemClock } from '../clock.ts';
import { activeTrace } from '../trace.ts';
import { cleanText, cleanValue } from './redact.ts';
import { descriptorSink, type LogSink } from './sink.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LEVELS)[number];
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Writes JSON lines. Fields may hold anything: secrets are masked by the name of their key at any depth, Errors
 * are written with code and cause chain, and nothing in them can end the line or stand in for `level` or `time`.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same logger with fields that every line of it bears. */
  child(fields: LogFields): Logger;
}

/** The logger of the process, which can do a little more than those made from it. */
export interface RootLogger extends Logger {
  /** From now on lines below `level` are left out, here and in every child. */
  setLevel(level: LogLevel): void;
  /** Resolves when everything logged so far is out, or `signal` aborts. */
  flush(signal: AbortSignal): Promise<void>;
}

export interface LoggerOptions {
  readonly level?: LogLevel;
  /** On every line, such as `service` and `instance`. */
  readonly fields?: LogFields;
  readonly sink?: LogSink;
  readonly clock?: Clock;
}

/** Keys of the line itself; a field of that name gets an underscore, as JSON with a key twice can be read either way. */
const OWN = new Set(['level', 'time', 'msg', 'trace_id', 'span_id']);

export function createLogger({
  level = 'info',
  fields = {},
  sink = descriptorSink(),
  clock = systemClock,
}: LoggerOptions = {}): RootLogger {
  let threshold = LEVELS.indexOf(level);
  const root = pino(
    {
      level: 'debug',
      base: null,
      serializers: {},
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      mixin() {
        const active = activeTrace();
        return active === undefined ? {} : { trace_id: active.traceId, span_id: active.spanId };
      },
    },
    { write: (line: string) => sink.write(line) },
  );

  const wrap = (bound: LogFields): Logger => {
    const at = (name: LogLevel) => {
      const rank = LEVELS.indexOf(name);
      return (message: string, own?: LogFields) => {
        if (rank < threshold) return;
        // Merged before writing: a child's field that is given again would be in the line twice.
        root[name](own === undefined ? bound : { ...bound, ...shown(own) }, cleanText(message));
      };
    };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (more) => wrap({ ...bound, ...shown(more) }),
    };
  };

  return {
    ...wrap(shown(fields)),
    setLevel(next) {
      threshold = LEVELS.indexOf(next);
    },
    flush: (signal) => sink.flush(signal),
  };
}

function shown(fields: LogFields): LogFields {
  const clean = cleanValue(fields);
  if (typeof clean !== 'object' || clean === null) return { fields: clean };
  return Object.fromEntries(
    Object.entries(clean).map(([key, value]) => [OWN.has(key) ? `${key}_` : key, value]),
  );
}

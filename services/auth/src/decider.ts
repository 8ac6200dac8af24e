import type { authDecide, DataOf } from '@sallyport/contracts';
import { type Clock, type Ids, type Logger, withDeadline } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';
import type { Decision, Settled } from './decision.ts';
import { StageTimeoutError } from './errors.ts';
import type { Login } from './login.ts';
import { metrics } from './metrics.ts';
import { pass, type Stages } from './pipeline/pipeline.ts';
import type { RunnerOptions } from './pipeline/stage.ts';
import { type Place, placeOf, placeOfKey, remembered } from './record/answers.ts';
import type { Recorder, Recording } from './record/recorder.ts';

/** A question as a door puts it. */
interface Question {
  /** As it came, for telling whether it came before. */
  readonly asked: DataOf<typeof authDecide>;
  /** The same question with the same key within ten minutes is one question. */
  readonly key: string | undefined;
  /** Opens what has to be opened; not called for a question that was answered before. */
  login(): Login | Promise<Login>;
}

/** Decides logins: every door's questions come here. */
export interface Decider {
  /**
   * The decision, kept. Rejects with what `login()` rejects with, and with the signal's reason when that aborts before the
   * pipeline is through; from then on the decision is kept and counted whoever waits.
   */
  decide(question: Question, signal: AbortSignal): Promise<Settled>;
}

export interface DeciderOptions {
  readonly stages: Stages;
  readonly record: Recorder;
  /** The space `auth`. */
  readonly space: Space;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly stageTimeoutMs: number;
}

export function createDecider(options: DeciderOptions): Decider {
  const { stages, record, space, clock, ids, logger, stageTimeoutMs } = options;
  /** Questions with a key that are being answered. */
  const answering = new Map<string, Promise<Settled>>();
  const runner: RunnerOptions = {
    clock,
    timeoutMs: stageTimeoutMs,
    onStage: ({ stage, outcome, durationMs }) =>
      metrics.stages.record(durationMs / 1000, { stage, outcome }),
    onError: (stage, name, error) => logger.warn('a stage failed', { stage, name, error }),
  };

  async function count(login: Login, decision: string): Promise<void> {
    // Kept apart from whoever asked: their going away must not save them from being counted.
    const late = () => new StageTimeoutError(`not counted within ${stageTimeoutMs} ms`);
    try {
      await withDeadline({ clock, ms: stageTimeoutMs, late }, (s) =>
        stages.bruteForce.count(login, s),
      );
    } catch (error) {
      metrics.uncounted.add(1);
      logger.warn('a wrong login could not be counted', { decision, error });
    }
  }

  async function run(login: Login, place: Place | undefined, signal: AbortSignal) {
    const began = clock.monotonic();
    const id = ids.next();
    metrics.pending.add(1);
    try {
      const { judgement, stages: trace, guess } = await pass(stages, login, runner, signal);
      const durationMs = Math.max(0, clock.monotonic() - began);
      const decision: Decision = { id, judgement, stages: trace, durationMs };
      const recording = await record(decision, login, place ?? placeOf(id));
      // Behind the record: a question that was asked twice is counted by whoever kept its answer.
      if (guess && recording.kept !== 'earlier') await count(login, id);
      report(decision, login, recording, clock.monotonic() - began);
      return recording.settled;
    } finally {
      metrics.pending.add(-1);
    }
  }

  function report({ id }: Decision, login: Login, { settled, kept }: Recording, ms: number) {
    const { verdict, reason } = settled.judgement;
    const { door } = login.facts;
    metrics.decisions.add(1, { verdict, reason, door, kept });
    metrics.duration.record(ms / 1000, { verdict });
    logger.info('login decided', { decision: id, verdict, reason, door, kept });
  }

  async function answer(question: Question, place: ReturnType<typeof placeOfKey>, s: AbortSignal) {
    try {
      const before = await remembered(space, place.key, s);
      if (before !== undefined) return before;
    } catch (error) {
      if (s.aborted) throw s.reason;
      // Should it have been asked before, the record will tell; the store away, nobody can.
      logger.debug('earlier answers could not be read', { error });
    }
    return await run(await question.login(), place, s);
  }

  return {
    async decide(question, signal) {
      const { key, asked } = question;
      if (key === undefined) return await run(await question.login(), undefined, signal);
      const place = placeOfKey(key, asked);
      const name = place.key.join('/');
      const other = answering.get(name);
      if (other !== undefined) return await other;
      const settled = answer(question, place, signal);
      answering.set(name, settled);
      try {
        return await settled;
      } finally {
        answering.delete(name);
      }
    },
  };
}

import { meter } from '@sallyport/runtime';

const instruments = meter('@sallyport/edge');

/** `warm`: from memory; `read`: the store was asked; `grace`: nobody could confirm it; `away`: nobody could tell. */
export type LookUp = 'warm' | 'read' | 'grace' | 'none' | 'away';

const lookUps = instruments.counter('sallyport.edge.sessions', {
  description: 'Session cookies looked at, by how it was found out what they are.',
  unit: '{cookie}',
});
const questions = instruments.counter('sallyport.edge.session.questions', {
  description: 'What the edge asked the service sessions, and how that went.',
  unit: '{question}',
});
const feedStale = instruments.gauge('sallyport.edge.feed.stale', {
  description: '1 while a feed may have told something that this edge has not heard, else 0.',
});

export function countLookUp(outcome: LookUp): void {
  lookUps.add(1, { outcome });
}

export function countQuestion(
  what: 'create' | 'renew' | 'touch' | 'revoke',
  outcome: 'done' | 'refused' | 'failed',
): void {
  questions.add(1, { what, outcome });
}

export function noteFresh(feed: string, fresh: boolean): void {
  feedStale.record(fresh ? 0 : 1, { feed });
}

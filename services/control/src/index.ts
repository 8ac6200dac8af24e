export { type Decoded, decodeBody } from './body/decode.ts';
export type { FormValue } from './body/form-tree.ts';
export { typedBy } from './body/typed.ts';

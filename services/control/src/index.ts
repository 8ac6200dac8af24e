export { type Decoded, decodeBody } from './body/decode.ts';
export type { FormValue } from './body/form-tree.ts';
export { typedBy } from './body/typed.ts';
export { type ControlConfig, controlConfig } from './config.ts';
export { type Control, createControl } from './control.ts';
export { ControlStoppedError, NoCredentialKeyError, OperatorRequestError } from './errors.ts';
export { keyDigester } from './key-digest.ts';
export type { ControlPorts } from './ports.ts';

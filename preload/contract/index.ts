export * from './bridge.ts';
export * from './calls.ts';
export * from './domain.ts';
export * from './errors.ts';
export * from './events.ts';
export * from './media.ts';
export * from './model.ts';
export * from './values.ts';

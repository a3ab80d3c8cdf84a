// The server room. Exports only.

export type { Attachment } from './attachment.ts'
export type {
  AttachOptions,
  Authorization,
  Authorize,
  DecisionContext,
  Granted,
  RefusalInput,
  ShutdownOptions,
  UpgradeOptions,
  UpgraderOptions,
} from './options.ts'
export { Upgrader } from './upgrader.ts'

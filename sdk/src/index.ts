export { HanamiClient, type ClientOptions } from "./client.ts";
export { DirectIO, type NamedValues } from "./direct-io.ts";
export type { Download } from "./download.ts";
export {
  BadRequestError,
  ConflictError,
  ConnectionError,
  HanamiError,
  InternalServerError,
  NotFoundError,
  UnauthorizedError,
} from "./errors.ts";
export type { EventQuery, ServerEvent } from "./events/listen.ts";
export { downloadFormats, uploadFormats, type DownloadFormat, type FileFormat } from "./formats.ts";
export type { Input, Method } from "./http.ts";
export type { PageQuery, Table } from "./list.ts";
export type { Checkpoint } from "./resources/checkpoints.ts";
export type {
  Cluster,
  ClusterDetails,
  ClusterScore,
  LearnOptions,
  LearntColumn,
  LearntColumns,
  LearntOutput,
  LearntRows,
  NewCluster,
  Predictions,
  TableRow,
} from "./resources/clusters.ts";
export type {
  ColumnGroup,
  ColumnKind,
  ContentQuery,
  CsvOptions,
  CsvUpload,
  Dataset,
  DatasetColumn,
  DownloadQuery,
  FileUpload,
  MnistUpload,
  PendingUpload,
  TableOptions,
  UploadOptions,
  UploadProgress,
} from "./resources/datasets.ts";
export type { Host } from "./resources/hosts.ts";
export type { ApiKey, NewApiKey } from "./resources/keys.ts";
export type { AuditEntry, ErrorEntry, LogQuery } from "./resources/logs.ts";
export type { Owned } from "./resources/owned.ts";
export type { Project } from "./resources/projects.ts";
export type { Measurements, SystemInfo } from "./resources/system.ts";
export type { PointScores, TaskMetrics, TaskPoint } from "./resources/task-points.ts";
export {
  TaskError,
  type EvaluateTask,
  type FollowedTask,
  type OutputScores,
  type RequestTask,
  type Task,
  type TaskColumn,
  type TaskReference,
  type TaskResult,
  type TaskState,
  type TaskSummary,
  type TaskTable,
  type TrainTask,
  type WatchOptions,
} from "./resources/tasks.ts";
export type { Assignment, User } from "./resources/users.ts";
export type { TokenInfo } from "./session.ts";
export type { WebSocketConstructor, WebSocketLike } from "./socket.ts";
export type { FileSource } from "./upload.ts";
export { verifyWebhook, type SignedWebhook, type WebhookEvent } from "./webhook.ts";
export { readHead, type CsvDialect, type CsvHead } from "./tables/csv-head.ts";
export type { Evaluated, EvaluateOptions } from "./tables/evaluate.ts";
export type { FitOptions, FitProgress, Fitted } from "./tables/fit.ts";
export type { LearnProgress, LearnTableOptions, LearntTable } from "./tables/learn.ts";
export { formatOf } from "./tables/format-of.ts";
export { nameFrom } from "./tables/new-cluster.ts";
export { namedRows, type PredictedRow, type PredictedTable, type PredictOptions } from "./tables/predict.ts";
export { TableError } from "./tables/resources.ts";
export type { RollingScores, StreamScores } from "./tables/rolling-score.ts";
export { CsvSplitter, type SplitRow } from "./tables/splitter.ts";

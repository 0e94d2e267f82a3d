export { type RunningServer, type ServerOptions, serverVersion, startServer } from './main.js';
export { PortTaken } from './receive/listener.js';
export { DirectoryLocked, EngineUnsupported } from './store/chdb-session.js';
export { NewerSchema } from './store/migrations.js';

/** Which of OTLP's three services a record belongs to. */
export type Signal = 'traces' | 'metrics' | 'logs';

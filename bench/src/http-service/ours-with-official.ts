/** Our SDK with the official instrumentations. */
import { init } from '@codomyrmex/telemetry';

import { officialInstrumentations } from './official-list.js';

init({ instrumentations: officialInstrumentations() });

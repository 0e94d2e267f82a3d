import activity from 'lucide-static/icons/activity.svg?paths';
import arrowDown from 'lucide-static/icons/arrow-down.svg?paths';
import arrowRight from 'lucide-static/icons/arrow-right.svg?paths';
import arrowUp from 'lucide-static/icons/arrow-up.svg?paths';
import arrowUpRight from 'lucide-static/icons/arrow-up-right.svg?paths';
import bot from 'lucide-static/icons/bot.svg?paths';
import box from 'lucide-static/icons/box.svg?paths';
import braces from 'lucide-static/icons/braces.svg?paths';
import chartColumn from 'lucide-static/icons/chart-column.svg?paths';
import chartLine from 'lucide-static/icons/chart-line.svg?paths';
import check from 'lucide-static/icons/check.svg?paths';
import chevronDown from 'lucide-static/icons/chevron-down.svg?paths';
import chevronRight from 'lucide-static/icons/chevron-right.svg?paths';
import chevronUp from 'lucide-static/icons/chevron-up.svg?paths';
import circleAlert from 'lucide-static/icons/circle-alert.svg?paths';
import clock from 'lucide-static/icons/clock.svg?paths';
import code from 'lucide-static/icons/code.svg?paths';
import cog from 'lucide-static/icons/cog.svg?paths';
import copy from 'lucide-static/icons/copy.svg?paths';
import database from 'lucide-static/icons/database.svg?paths';
import diamond from 'lucide-static/icons/diamond.svg?paths';
import funnel from 'lucide-static/icons/funnel.svg?paths';
import funnelX from 'lucide-static/icons/funnel-x.svg?paths';
import gauge from 'lucide-static/icons/gauge.svg?paths';
import globe from 'lucide-static/icons/globe.svg?paths';
import house from 'lucide-static/icons/house.svg?paths';
import keyboard from 'lucide-static/icons/keyboard.svg?paths';
import layers from 'lucide-static/icons/layers.svg?paths';
import link from 'lucide-static/icons/link.svg?paths';
import listTree from 'lucide-static/icons/list-tree.svg?paths';
import mail from 'lucide-static/icons/mail.svg?paths';
import moon from 'lucide-static/icons/moon.svg?paths';
import pause from 'lucide-static/icons/pause.svg?paths';
import play from 'lucide-static/icons/play.svg?paths';
import plug from 'lucide-static/icons/plug.svg?paths';
import plus from 'lucide-static/icons/plus.svg?paths';
import scrollText from 'lucide-static/icons/scroll-text.svg?paths';
import search from 'lucide-static/icons/search.svg?paths';
import server from 'lucide-static/icons/server.svg?paths';
import sparkles from 'lucide-static/icons/sparkles.svg?paths';
import sun from 'lucide-static/icons/sun.svg?paths';
import sunMoon from 'lucide-static/icons/sun-moon.svg?paths';
import textWrap from 'lucide-static/icons/text-wrap.svg?paths';
import trendingUp from 'lucide-static/icons/trending-up.svg?paths';
import triangleAlert from 'lucide-static/icons/triangle-alert.svg?paths';
import unlink from 'lucide-static/icons/unlink.svg?paths';
import waypoints from 'lucide-static/icons/waypoints.svg?paths';
import wrench from 'lucide-static/icons/wrench.svg?paths';
import x from 'lucide-static/icons/x.svg?paths';

/** The name of an icon, as lucide has it. */
export type IconName =
  | 'activity'
  | 'arrow-down'
  | 'arrow-right'
  | 'arrow-up'
  | 'arrow-up-right'
  | 'bot'
  | 'box'
  | 'braces'
  | 'chart-column'
  | 'chart-line'
  | 'check'
  | 'chevron-down'
  | 'chevron-right'
  | 'chevron-up'
  | 'circle-alert'
  | 'clock'
  | 'code'
  | 'cog'
  | 'copy'
  | 'database'
  | 'diamond'
  | 'funnel'
  | 'funnel-x'
  | 'gauge'
  | 'globe'
  | 'house'
  | 'keyboard'
  | 'layers'
  | 'link'
  | 'list-tree'
  | 'mail'
  | 'moon'
  | 'pause'
  | 'play'
  | 'plug'
  | 'plus'
  | 'scroll-text'
  | 'search'
  | 'server'
  | 'sparkles'
  | 'sun'
  | 'sun-moon'
  | 'text-wrap'
  | 'trending-up'
  | 'triangle-alert'
  | 'unlink'
  | 'waypoints'
  | 'wrench'
  | 'x';

/** The icons of the page (lucide, ISC): the markup inside their svg elements, from the build. */
export const ICONS: { readonly [name in IconName]: string } = {
  activity,
  'arrow-down': arrowDown,
  'arrow-right': arrowRight,
  'arrow-up': arrowUp,
  'arrow-up-right': arrowUpRight,
  bot,
  box,
  braces,
  'chart-column': chartColumn,
  'chart-line': chartLine,
  check,
  'chevron-down': chevronDown,
  'chevron-right': chevronRight,
  'chevron-up': chevronUp,
  'circle-alert': circleAlert,
  clock,
  code,
  cog,
  copy,
  database,
  diamond,
  funnel,
  'funnel-x': funnelX,
  gauge,
  globe,
  house,
  keyboard,
  layers,
  link,
  'list-tree': listTree,
  mail,
  moon,
  pause,
  play,
  plug,
  plus,
  'scroll-text': scrollText,
  search,
  server,
  sparkles,
  sun,
  'sun-moon': sunMoon,
  'text-wrap': textWrap,
  'trending-up': trendingUp,
  'triangle-alert': triangleAlert,
  unlink,
  waypoints,
  wrench,
  x,
};

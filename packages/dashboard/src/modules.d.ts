/** The markup inside an icon's svg element; made at build time by vite.config.ts. */
declare module '*.svg?paths' {
  const paths: string;
  export default paths;
}
declare module '*.css';

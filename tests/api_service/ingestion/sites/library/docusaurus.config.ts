import type {Config} from '@docusaurus/types';
import remarkMath from 'remark-math';

const shelf = 'nasty';

// A site with everything that moves an address: a path, languages, versions, several books.
const config: Config = {
  title: 'Library',
  url: 'https://library.example',
  baseUrl: '/library/',
  onBrokenLinks: 'warn',
  future: {faster: {rspackBundler: true, swcJsLoader: true, mdxCrossCompilerCache: true}},
  i18n: {
    defaultLocale: 'en',
    locales: ['en', 'fr'],
  },
  themes: ['@docusaurus/theme-classic'],
  plugins: [
    [
      '@docusaurus/plugin-content-docs',
      {path: 'book', routeBasePath: 'the-book', remarkPlugins: [remarkMath]},
    ],
    [
      '@docusaurus/plugin-content-docs',
      {
        id: shelf,
        path: shelf,
        routeBasePath: `books/${shelf}`,
        exclude: ['**/_*.{js,jsx,ts,tsx,md,mdx}', '**/_*/**', '**/*.{draft,old}.md', 'left-out/**'],
        versions: {
          current: {path: 'unreleased', label: 'Unreleased'},
          '1.0': {label: 'One'},
        },
      },
    ],
    [
      '@docusaurus/plugin-content-docs',
      {id: 'plain', path: 'plain', routeBasePath: 'plain', numberPrefixParser: false},
    ],
  ],
} satisfies Config;

export default config;

// No address ends with a slash but the site's own, and anchors keep their capitals.
const base = process.env.BASE ?? '/book';

export default {
  title: 'Bare',
  url: 'https://bare.example',
  baseUrl: `${base}/`,
  trailingSlash: false,
  onBrokenLinks: 'warn',
  markdown: {anchors: {maintainCase: true}},
  future: {faster: {rspackBundler: true, swcJsLoader: true, mdxCrossCompilerCache: true}},
  themes: ['@docusaurus/theme-classic'],
  plugins: [
    ['@docusaurus/plugin-content-docs', {path: '../shelf', routeBasePath: ''}],
  ],
};

const home = '/';

// Every address ends with a slash, and the docs are the site.
module.exports = async function config() {
  const docs = {path: './handbook', routeBasePath: home};
  return {
    title: 'Slashed',
    url: 'https://slashed.example',
    baseUrl: home,
    trailingSlash: true,
    onBrokenLinks: 'warn',
    future: {faster: {rspackBundler: true, swcJsLoader: true, mdxCrossCompilerCache: true}},
    themes: [require.resolve('@docusaurus/theme-classic')],
    plugins: [[require.resolve('@docusaurus/plugin-content-docs'), docs]],
  };
};

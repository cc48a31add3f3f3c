describe('ML Infrastructure Integration', () => {
  it('should initialize without affecting existing features', async () => {
    // Load existing app
    await KC.initialize();
    
    // Add ML infrastructure
    MLStateExtension.extend(KC.AppState);
    const flags = await MLFeatureFlags.load();
    const exporter = new PrometheusExporter();
    
    // Verify existing features still work
    expect(KC.FileRenderer).toBeDefined();
    expect(KC.FilterManager).toBeDefined();
    
    // Verify ML is disabled by default
    expect(flags.enabled).toBe(false);
  });
});
